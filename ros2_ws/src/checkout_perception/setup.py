"""Install checkout_perception."""

from glob import glob

from setuptools import find_packages, setup

package = 'checkout_perception'

setup(
    name=package,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package]),
        ('share/' + package, ['package.xml', 'README.md']),
        ('share/' + package + '/config', glob('config/*.yaml')),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    maintainer='Smart checkout maintainers',
    maintainer_email='maintainers@smart-checkout.example',
    description='Tray images and weight to detections, tracks and tray contents; training of the detector.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'tray_perception_node = checkout_perception.ros.tray_perception_node:main',
        ],
    },
)
