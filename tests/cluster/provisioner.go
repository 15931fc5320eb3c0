package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	provisionerName = "moorage.test/folder"
	askedOf         = "volume.kubernetes.io/storage-provisioner"
	madeBy          = "pv.kubernetes.io/provisioned-by"
)

// provisioner makes a folder for each claim that asks for one. Its volumes are of the kind "local", because
// only those heed fsGroup as disks do; all nodes are one machine, so each of them reaches every folder.
type provisioner struct {
	client  kubernetes.Interface
	folder  string
	factory informers.SharedInformerFactory
}

func provision(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("provisioner", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "how to reach the API server")
	folder := flags.String("folder", "", "where the volumes are")
	_ = flags.Parse(arguments)
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	p := &provisioner{client: client, folder: *folder, factory: informers.NewSharedInformerFactory(client, 0)}
	return p.run(ctx)
}

func (p *provisioner) run(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	notice := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { notice() },
		UpdateFunc: func(_, _ any) { notice() },
		DeleteFunc: func(any) { notice() },
	}
	core := p.factory.Core().V1()
	watched := []cache.SharedIndexInformer{
		core.PersistentVolumeClaims().Informer(),
		core.PersistentVolumes().Informer(),
		p.factory.Storage().V1().StorageClasses().Informer(),
	}
	for _, informer := range watched {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	p.factory.Start(ctx.Done())
	p.factory.WaitForCacheSync(ctx.Done())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		if err := p.reconcile(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			time.AfterFunc(time.Second, notice)
		}
	}
}

func (p *provisioner) reconcile(ctx context.Context) error {
	claims, err := p.factory.Core().V1().PersistentVolumeClaims().Lister().List(labels.Everything())
	if err != nil {
		return err
	}
	for _, claim := range claims {
		wanted := claim.Spec.VolumeName == "" && claim.Annotations[askedOf] == provisionerName
		if wanted && claim.DeletionTimestamp == nil {
			if err := p.make(ctx, claim); err != nil {
				return err
			}
		}
	}
	volumes, err := p.factory.Core().V1().PersistentVolumes().Lister().List(labels.Everything())
	if err != nil {
		return err
	}
	for _, volume := range volumes {
		unused := volume.Status.Phase == v1.VolumeReleased || volume.Status.Phase == v1.VolumeFailed
		if unused && volume.Annotations[madeBy] == provisionerName && volume.DeletionTimestamp == nil &&
			volume.Spec.PersistentVolumeReclaimPolicy == v1.PersistentVolumeReclaimDelete {
			if err := p.remove(ctx, volume); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *provisioner) make(ctx context.Context, claim *v1.PersistentVolumeClaim) error {
	class, err := p.factory.Storage().V1().StorageClasses().Lister().Get(*claim.Spec.StorageClassName)
	if err != nil {
		return err
	}
	name := "pvc-" + string(claim.UID)
	path := filepath.Join(p.folder, name)
	// As a new disk is: root's alone, with the folder in which fsck puts what it finds.
	if err := os.MkdirAll(filepath.Join(path, "lost+found"), 0o755); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Join(path, "lost+found"), 0o700); err != nil {
		return err
	}
	volume := &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{madeBy: provisionerName}},
		Spec: v1.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: claim.Spec.Resources.Requests[v1.ResourceStorage]},
			ClaimRef:                      reference(claim),
			MountOptions:                  class.MountOptions,
			NodeAffinity:                  everywhere(),
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy,
			PersistentVolumeSource:        v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			StorageClassName:              class.Name,
			VolumeMode:                    claim.Spec.VolumeMode,
		},
	}
	_, err = p.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func (p *provisioner) remove(ctx context.Context, volume *v1.PersistentVolume) error {
	if err := os.RemoveAll(filepath.Join(p.folder, volume.Name)); err != nil {
		return err
	}
	err := p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func reference(claim *v1.PersistentVolumeClaim) *v1.ObjectReference {
	return &v1.ObjectReference{
		Kind: "PersistentVolumeClaim", APIVersion: "v1",
		Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
	}
}

func everywhere() *v1.VolumeNodeAffinity {
	linux := v1.NodeSelectorRequirement{Key: v1.LabelOSStable, Operator: v1.NodeSelectorOpIn, Values: []string{"linux"}}
	return &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{
		NodeSelectorTerms: []v1.NodeSelectorTerm{{MatchExpressions: []v1.NodeSelectorRequirement{linux}}},
	}}
}
